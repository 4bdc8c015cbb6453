import type { NodeTells } from './node-setup.js';

/** Speaks to the process that started this node. */
export function tell(what: NodeTells): void {
  process.send?.(what);
}

/** Answers a question whenever it is asked. A question whose answer takes time is the only one under way. */
export function answering(question: string, answer: () => unknown): void {
  process.on('message', async (message) => {
    if (message === question) tell({ kind: 'answer', answer: await answer() });
  });
}
