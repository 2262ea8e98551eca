/** The machine, as all outside the core see it: made from a scenario, run task by task, copied. */
export { cloneMachine } from "./machine/clone.js";
export { createMachine } from "./machine/create.js";
export type { Machine, Task, Thread } from "./machine/state.js";
export { runTask } from "./machine/tasks.js";
