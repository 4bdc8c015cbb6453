/**
 * Where a source or sink stands: any value of the data model (number, string, plain object …), opaque to the runtime,
 * stored in checkpoints and handed back at recovery.
 */
export type Position = unknown;
