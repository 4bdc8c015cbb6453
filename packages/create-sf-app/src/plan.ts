import type { PackageManager } from './package-manager.js';
import type { TargetDirectory } from './target-directory.js';
import type { TemplateName } from './template.js';

/** All that is decided before anything is written. */
export interface Plan {
  readonly directory: TargetDirectory;
  /** The name of the package. */
  readonly name: string;
  readonly template: TemplateName;
  readonly packageManager: PackageManager;
  readonly install: boolean;
  readonly start: boolean;
  readonly git: boolean;
}
