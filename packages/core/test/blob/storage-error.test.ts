import { expect } from 'chai';
import { storageError } from '../../src/blob/storage-error.js';

describe('storageError', () => {
  for (const [host, code, what] of [
    ['ENOSPC', 'SF_STORAGE_FULL', 'the disk is full'],
    ['EDQUOT', 'SF_STORAGE_FULL', 'the disk quota is used up'],
    ['EIO', 'SF_STORAGE', 'i/o error'],
  ] as const) {
    it(`says what ${host} means to whoever runs the application`, () => {
      const cause = Object.assign(new Error('i/o error'), { code: host });
      const error = storageError('write blob a', cause);
      expect(error).to.include({ code, cause });
      expect(error.message).to.include('write blob a').and.to.include(what);
    });
  }
});
