import { symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Project } from '..';

// The oldest TypeScript that the types support, and those between it and today's.

const TOOLS = join(__dirname, '..', 'tools', 'node_modules');
jest.setTimeout(240_000);

const ENDPOINT = `
  import { attach, CloseReason, connect, Decoder, endpoint, OnClose, OnMessage, PathParam, Server, ServerEndpoint, Session } from 'serval';
  export class Point { constructor(readonly x: number) {} }
  export class PointDecoder implements Decoder.Text<Point> {
    static readonly decodes = Decoder.text(Point);
    decode(text: string): Point { return new Point(Number(text)); }
  }
  @ServerEndpoint('/chat/{room}', { decoders: [PointDecoder] })
  export class Chat {
    @OnMessage({ params: [Point, PathParam('room'), Session] })
    say(point: Point, room: string, session: Session): string { return room + point.x + session.isOpen(); }
    @OnClose({ params: [CloseReason] }) left(reason: CloseReason): void { reason.getCloseCode(); }
  }
  export const echo = endpoint('/echo/{room}', {
    decoders: [PointDecoder],
    onOpen(session: Session<{ name: string }>) { session.data.name = session.query.get('name') ?? session.id; },
    onMessage: (point, session) => session.params.room + session.data.name + point.x,
    onClose: (reason) => console.log(reason.code, reason.reason),
  });
  export const server = new Server({ endpoints: [Chat, echo] });
  export const route = server.container.match('/chat/a');
  export async function talk(): Promise<void> {
    const connection = await connect('ws://localhost:1/chat/a');
    for await (const message of connection) console.log(message.length);
  }
  export { attach };
`;

let project: Project;
beforeAll(async () => {
  project = await Project.create({ type: 'module' });
  project.linkWorkspace();
  await mkdir(join(project.directory, 'node_modules', '@types'), { recursive: true });
  // The Node types of the same period; newer ones need a newer TypeScript.
  symlinkSync(
    join(__dirname, '..', '..', '..', '..', '..', 'node_modules', '@types', 'node'),
    join(project.directory, 'node_modules', '@types', 'node'),
  );
  await project.write('app.ts', ENDPOINT);
});
afterAll(() => project.remove());

describe.each(['50', '52', '54', '56', '59', '', '7'])('typescript%s', (version) => {
  test.each([true, false])('accepts the types with experimentalDecorators %s', async (experimentalDecorators) => {
    await project.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          module: 'NodeNext',
          target: 'ES2022',
          strict: true,
          skipLibCheck: false,
          declaration: true,
          types: ['node'],
          rootDir: '.',
          outDir: 'out',
          experimentalDecorators,
          emitDecoratorMetadata: experimentalDecorators,
        },
        files: ['app.ts'],
      }),
    );
    const tsc = join(TOOLS, `typescript${version}`, 'bin', 'tsc');
    expect(await project.run(process.execPath, [tsc, '-p', '.'])).toEqual({ code: 0, output: '' });
  });
});
