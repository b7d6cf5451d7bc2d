import {
  BadRequestException,
  Injectable,
  UnauthorizedException,
  UseGuards,
  UsePipes,
  type CanActivate,
  type ExecutionContext,
  type PipeTransform,
} from '@nestjs/common';
import { OnMessage, OnOpen, ServerEndpoint, Session, type Principal, type SessionData } from 'serval';

/** The rooms of the house, as a database would have them. */
@Injectable()
export class RoomRepository {
  readonly #rooms = new Set(['tea', 'cake']);

  has(room: unknown): boolean {
    return typeof room === 'string' && this.#rooms.has(room);
  }
}

/** Of the handshake and of routes alike. A real one verifies a token. */
@Injectable()
export class LoginGuard implements CanActivate {
  constructor(private readonly rooms: RoomRepository) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{
      query: { user?: string };
      params: { room?: string };
      user?: object;
    }>();
    if (request.query.user === undefined) throw new UnauthorizedException();
    request.user = { id: request.query.user };
    return this.rooms.has(request.params.room);
  }
}

@Injectable()
export class TrimPipe implements PipeTransform<string> {
  transform(text: string): string {
    if (text.trim() === '') throw new BadRequestException('A message has some text.');
    return text.trim();
  }
}

@Injectable()
@UseGuards(LoginGuard)
@ServerEndpoint('/rooms/{room}')
export class Chat {
  @OnOpen
  enter(session: Session): void {
    session.join(session.params.room ?? '');
  }

  @OnMessage
  @UsePipes(TrimPipe)
  say(text: string, session: Session<SessionData, Principal>): void {
    session.to(...session.rooms).send(`${session.user.getName()}: ${text}`);
  }
}
