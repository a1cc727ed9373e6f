// Every operation of the agent's API, in the order of its document.

import { HEALTH_OPERATIONS } from './operations/healthOperations.ts';
import { LOG_OPERATIONS } from './operations/logOperations.ts';
import { LOGIN_OPERATIONS } from './operations/loginOperations.ts';
import { MAPPING_OPERATIONS } from './operations/mappingOperations.ts';
import type { Operation } from './operations/operation.ts';
import { STATUS_OPERATIONS } from './operations/statusOperations.ts';

export const OPERATIONS: readonly Operation[] = [
  ...LOGIN_OPERATIONS,
  ...MAPPING_OPERATIONS,
  ...STATUS_OPERATIONS,
  ...LOG_OPERATIONS,
  ...HEALTH_OPERATIONS,
];
