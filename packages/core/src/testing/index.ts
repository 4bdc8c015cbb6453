export { blobStoreConformance } from './blob-store-conformance.js';
export { egressSinkConformance } from './egress-sink-conformance.js';
export { ingressSourceConformance } from './ingress-source-conformance.js';
export { SimulatedDisk } from './simulated-disk.js';
export { TestApplication, type TestApplicationOptions } from './test-application.js';
export type { TestClient } from './test-client.js';
export { VirtualPlatform, type VirtualPlatformOptions } from './virtual-platform.js';
