import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../templates/', import.meta.url));

/** The templates, and what each is in a few words. */
export const templates = {
  minimal: 'one function, called over HTTP',
  greeter: 'functions that send each other messages, from a file to a file',
  cluster: 'nodes with NATS between them and checkpoints on S3',
} as const;

export type TemplateName = keyof typeof templates;

export const templateNames = Object.keys(templates) as TemplateName[];

/** Where a file of a template is, by the path that it gets in the application. */
export type TemplateFiles = ReadonlyMap<string, string>;

/** The folders that a template consists of. What is in a later one stands in the place of what is in an earlier one. */
const layers: Readonly<Record<TemplateName, readonly string[]>> = {
  minimal: ['base', 'minimal'],
  greeter: ['base', 'greeter'],
  cluster: ['base', 'minimal', 'cluster'],
};

/** The files of a template. */
export function filesOf(name: TemplateName): TemplateFiles {
  const files = new Map<string, string>();
  for (const folder of layers[name].map((layer) => join(root, layer))) {
    for (const source of filesBelow(folder)) files.set(targetOf(relative(folder, source)), source);
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes the files into a folder that is there; `fillIn` gives the text of a file whose blanks are filled. */
export function writeFiles(
  files: TemplateFiles,
  directory: string,
  fillIn: (path: string, text: string) => string,
): void {
  for (const [path, source] of files) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, fillIn(path, readFileSync(source, 'utf8')));
  }
}

/** npm leaves `.gitignore` out of packages, and Biome takes each `biome.json` for its own: here, they begin with a line. */
function targetOf(path: string): string {
  return path.replace(/^_(?=biome)/, '').replace(/^_/, '.');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
