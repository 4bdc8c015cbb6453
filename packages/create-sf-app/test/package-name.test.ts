import { expect } from 'chai';
import { packageNameOf, packageNameProblem } from '../src/package-name.js';

describe('The name of a package', () => {
  for (const name of ['my-app', 'a', '7up', 'my.app', 'my_app', '@me/my-app', 'a'.repeat(214)]) {
    it(`may be ${name.slice(0, 20)}`, () => expect(packageNameProblem(name)).to.equal(undefined));
  }

  for (const name of [
    '',
    'My-App',
    'my app',
    '.app',
    '_app',
    '-app',
    'app/b',
    '@me/',
    'ä',
    'http',
    'node_modules',
    'a'.repeat(215),
  ]) {
    it(`may not be ${JSON.stringify(name.slice(0, 20))}`, () => expect(packageNameProblem(name)).to.be.a('string'));
  }

  it('is that of the directory, as far as it can be', () => {
    expect(packageNameOf('/home/ada/my-app')).to.equal('my-app');
    expect(packageNameOf('/home/ada/My Great App!')).to.equal('my-great-app');
    expect(packageNameOf('/home/ada/.hidden')).to.equal('hidden');
    expect(packageNameOf('/home/ada/über')).to.equal('ber');
    for (const directory of ['/', '/home/ada/日本', '/home/ada/http', '/home/ada/...'])
      expect(packageNameOf(directory)).to.equal('my-app');
  });
});
