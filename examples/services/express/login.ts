import express, { type Express, type RequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy } from 'passport-local';
import type { HandshakeMiddleware } from 'serval';
import { servePages } from '../../pages';

/** A user, as passport has it in `request.user`. */
export interface Member {
  readonly id: string;
}

const sessions = session({ secret: 'of this example', resave: false, saveUninitialized: false });
// passport's types say `any`.
const users = passport.session() as RequestHandler;

/** Both servers of this folder run it on their handshakes. */
export const loginMiddleware: HandshakeMiddleware[] = [sessions, users];

// A real one compares a hash from a database.
passport.use(new Strategy((id, password, done) => done(null, password === 'tea' && { id })));
passport.serializeUser<string>((user, done) => done(null, (user as Member).id));
passport.deserializeUser<string>((id, done) => done(null, { id }));

/** An application with the page, `POST /login` and `POST /logout`; `onLogout` runs before the session is destroyed. */
export function application(onLogout: (sessionId: string) => void): Express {
  const app = express();
  app.use(sessions, users, express.json());
  app.post('/login', passport.authenticate('local') as RequestHandler, (request, response) => {
    response.json(request.user);
  });
  app.post('/logout', (request, response) => {
    onLogout(request.sessionID);
    request.session.destroy(() => response.sendStatus(204));
  });
  app.get(['/', '/:file.:extension'], servePages('services/express'));
  return app;
}
