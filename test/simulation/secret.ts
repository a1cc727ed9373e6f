// What the gateway and every honest agent of a world know.

export const SECRET = 'the secret of this world';

/** What a rotation ends with. */
export const NEXT_SECRET = 'the next secret of this world';
