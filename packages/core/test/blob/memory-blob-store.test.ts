import { MemoryBlobStore } from '../../src/blob/memory-blob-store.js';
import { blobStoreConformance } from '../../src/testing/blob-store-conformance.js';

blobStoreConformance('MemoryBlobStore', async () => ({ store: new MemoryBlobStore() }));
