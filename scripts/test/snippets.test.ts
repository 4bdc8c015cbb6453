import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Languages of blocks that other tests look at, or that show what a command prints. */
const others = ['sh', 'console'];

/** Code that readers copy is code that is compiled and run: a block is some lines of a file, at any indentation. */
describe('The code of the documents', () => {
  const sources = ['docs/snippets', 'examples/greeter/src'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(ts|json)$/.test(name))
      .map((name) => `\n${readFileSync(join(root, folder, name), 'utf8')}`),
  );

  const isCompiled = (code: string) =>
    ['', '  ', '    ', '      ', '        '].some((indentation) => {
      const lines = code.replace(/^(?=.)/gm, indentation);
      return sources.some((source) => source.includes(`\n${lines}`));
    });

  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  for (const page of ['README.md', ...pages.map((name) => `docs/${name}`)]) {
    it(`${page} shows code that is compiled`, () => {
      const text = readFileSync(join(root, page), 'utf8');
      const blocks = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)];
      expect(text.match(/^```/gm)?.length ?? 0).to.equal(2 * blocks.length);
      for (const [, language, code] of blocks) {
        if (language === 'ts' || language === 'json') expect(isCompiled(code as string), code).to.equal(true);
        else expect(others).to.include(language);
      }
    });
  }
});
