/** Conditions on how often a breakpoint has been reached. */

/** Whether the n-th time counts, n from 1. */
export type HitCondition = (n: number) => boolean;

/** Reads `5`, `== 5`, `>= 5`, `> 5`, `< 5`, `<= 5`, `!= 5` and `% 5`; null when it is none of these. */
export function parseHitCondition(text: string): HitCondition | null {
  const match = /^(==|=|!=|>=|<=|>|<|%)?\s*(\d+)$/.exec(text.trim());
  if (match === null) return null;
  const bound = Number(match[2]);
  switch (match[1]) {
    case ">":
      return (n) => n > bound;
    case ">=":
      return (n) => n >= bound;
    case "<":
      return (n) => n < bound;
    case "<=":
      return (n) => n <= bound;
    case "!=":
      return (n) => n !== bound;
    case "%":
      return bound === 0 ? null : (n) => n % bound === 0;
    default:
      return (n) => n === bound;
  }
}
