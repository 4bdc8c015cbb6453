import type { Site } from './site.js';

/** What the process of a node needs to know. A value of JSON. */
export interface NodeSetup {
  readonly site: Site;
  readonly application: string;
  readonly name: string;
  /** The URL of the file of the application's module. */
  readonly module: string;
  readonly config: Readonly<Record<string, string>>;
  /** How often a checkpoint is taken. */
  readonly intervalMs: number;
}

/** What the process of a node tells. Instants are by `Date.now()`, which all processes of a machine share. */
export type NodeTells =
  /** To a question, and once by itself, when it handles messages. */
  | { readonly kind: 'answer'; readonly answer: unknown }
  /** As coordinator, it has a reason to begin another epoch, such as that a node is lost. */
  | { readonly kind: 'epoch'; readonly atMs: number }
  /** A message was handled that the module was to tell of. */
  | { readonly kind: 'handled'; readonly id: string; readonly atMs: number };
