// What the gateway and every honest agent of a world know.

export const SECRET = 'the secret of this world';
