// The order of the logs: newest first, and by id among entries of one time, so that pages neither repeat nor skip.

import { Op, type OrderItem, type WhereOptions } from 'sequelize';

/** Where an entry stands in the order. */
export interface LogPosition {
  readonly time: Date;
  readonly id: string;
}

/** The order by the time in this column. */
export function newestFirst(column: string): OrderItem[] {
  return [
    [column, 'DESC'],
    ['id', 'DESC'],
  ];
}

/** What comes after a position. */
export function after(column: string, position: LogPosition): WhereOptions {
  return following(column, position, Op.lt);
}

/** What stands at a position and after it. */
export function fromOn(column: string, position: LogPosition): WhereOptions {
  return following(column, position, Op.lte);
}

/** The outer bound is what an index can use. */
function following(
  column: string,
  { time, id }: LogPosition,
  idIs: typeof Op.lt | typeof Op.lte,
): WhereOptions {
  return {
    [column]: { [Op.lte]: time },
    [Op.or]: [{ [column]: { [Op.lt]: time } }, { id: { [idIs]: id } }],
  };
}
