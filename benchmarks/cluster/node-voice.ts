import type { NodeTells } from './node-setup.js';

/** Speaks to the process that started this node. */
export function tell(what: NodeTells): void {
  process.send?.(what);
}

/** Answers a question whenever it is asked. */
export function answering(question: string, answer: () => unknown): void {
  process.on('message', (message) => {
    if (message === question) tell({ kind: 'answer', answer: answer() });
  });
}
