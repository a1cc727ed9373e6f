// zod as the browser gets it: without compiling schemas at run time, which our content policy forbids. Vite puts this
// file in the place of "zod", so that it runs before the first schema is made.

import { config, z } from 'zod/v4';

config({ jitless: true });

export { z };
