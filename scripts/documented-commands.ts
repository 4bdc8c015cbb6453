import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository, as of what is built here. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The pages for people: those beside this folder, and those of `docs`. */
export const pages = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** The commands of the blocks marked `sh`, without their comments. */
export function shellLines(text: string): string[] {
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block]) => (block as string).split('\n'))
    .map((line) => line.replace(/(^|\s+)#.*$/, ''))
    .filter((line) => line !== '');
}

/** Every command that the pages show: in a block, or, if it is npm's, within a sentence. Each once. */
export function documentedCommands(): string[] {
  const texts = pages.map((page) => readFileSync(join(root, page), 'utf8'));
  const inline = (text: string) =>
    [...text.matchAll(/`((?:npm|npx) [^`\n]+)`/g)].map(([, command]) => command as string);
  return [...new Set(texts.flatMap((text) => [...shellLines(text), ...inline(text)]))];
}
