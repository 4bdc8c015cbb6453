import { readFileSync } from 'node:fs';
import type { PackageManager } from './package-manager.js';

/** What differs between two applications of one template. */
export interface Blanks {
  /** The name of the package. */
  readonly name: string;
  readonly packageManager: PackageManager;
}

interface PackageDescription {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** The text of a file with its blanks filled: versions and commands are those of now, and of who runs this. */
export function fillIn(path: string, text: string, blanks: Blanks): string {
  if (path === 'package.json') return describe(JSON.parse(text) as PackageDescription, blanks.name);
  if (path.endsWith('.md')) return fillInWords(text, blanks);
  return text;
}

function describe(template: PackageDescription, name: string): string {
  const { dependencies = {}, devDependencies = {} } = template;
  const description = {
    ...template,
    name,
    dependencies: withVersions(dependencies),
    devDependencies: withVersions(devDependencies),
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}

/** The versions that this package was built with; see `tools/write-versions.js`. */
function withVersions(dependencies: Readonly<Record<string, string>>): Record<string, string> {
  const versions = JSON.parse(readFileSync(new URL('../versions.json', import.meta.url), 'utf8')) as Record<
    string,
    string
  >;
  return Object.fromEntries(Object.keys(dependencies).map((name) => [name, versions[name] as string]));
}

/** In texts for people: `{{name}}`, `{{install}}`, `{{run dev}}`, `{{run dev --fresh}}`. */
function fillInWords(text: string, { name, packageManager }: Blanks): string {
  return text.replace(/\{\{(\w+)(?: (\w+))?(?: ([\w-]+))?\}\}/g, (_, blank, script, option) => {
    if (blank === 'name') return name;
    return blank === 'install' ? packageManager.install : packageManager.run(script, option);
  });
}
