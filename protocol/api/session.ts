// Logging in: what is asked, and what a login is.

import { z } from 'zod';
import { instantSchema } from './values.ts';

const ENTER_USERNAME = 'Enter the user name.';
const ENTER_PASSWORD = 'Enter the password.';

/** Longer than any password: what is compared must be bounded. */
const MAX_CREDENTIAL_LENGTH = 1_000;

export const loginSchema = z.object({
  username: z
    .string({ error: ENTER_USERNAME })
    .min(1, { error: ENTER_USERNAME })
    .max(MAX_CREDENTIAL_LENGTH, { error: ENTER_USERNAME }),
  password: z
    .string({ error: ENTER_PASSWORD })
    .min(1, { error: ENTER_PASSWORD })
    .max(MAX_CREDENTIAL_LENGTH, { error: ENTER_PASSWORD }),
});
export type Login = z.output<typeof loginSchema>;

/** The token goes into `Authorization: Bearer`; the same answer sets it as a cookie. */
export const loggedInSchema = z
  .object({ token: z.string(), expiresAt: instantSchema })
  .meta({ id: 'LoggedIn' });

/**
 * On a request that reads, with any value: a page asks by itself, and nobody is at it. It is no use of the login. Not
 * one of the names that a gateway keeps for itself: those end there.
 */
export const BACKGROUND_HEADER = 'Octoporty-Background';

/** `expiresAt` moves on with every use: every request but those in the background, and the live hub. */
export const sessionSchema = z
  .object({ username: z.string(), createdAt: instantSchema, expiresAt: instantSchema })
  .meta({ id: 'Session' });
export type Session = z.output<typeof sessionSchema>;
