// The login as the API's document tells it.

import { loggedInSchema, loginSchema, sessionSchema } from '../../../../protocol/api/session.ts';
import { get, ok, post, tagged } from './operation.ts';

export const LOGIN_OPERATIONS = tagged('login', [
  post('/api/v1/auth/login', 'logIn', 'Log in. The same answer sets the token as a cookie.', {
    isOpen: true,
    body: loginSchema,
    answers: ok('Logged in.', loggedInSchema, { 'Set-Cookie': 'The session, for browsers.' }),
    problems: ['wrong_password', 'foreign_origin', 'locked_out'],
  }),
  post('/api/v1/auth/logout', 'logOut', 'End this login, on the server too.', {
    answers: { 204: { says: 'Logged out.' } },
  }),
  get('/api/v1/auth/session', 'readSession', 'Who is logged in, and until when.', {
    answers: ok('The session.', sessionSchema),
  }),
]);
