export { type BlobStoreUnderTest, blobStoreConformance } from './blob-store-conformance.js';
export {
  type EgressSinkConformanceOptions,
  type EgressSinkUnderTest,
  egressSinkConformance,
} from './egress-sink-conformance.js';
export {
  FunctionHarness,
  type FunctionHarnessOptions,
  type RecordedSend,
  type RecordedTimer,
} from './function-harness.js';
export {
  type IngressSourceConformanceOptions,
  type IngressSourceUnderTest,
  ingressSourceConformance,
  type MakeIngressSource,
} from './ingress-source-conformance.js';
export { type MembershipUnderTest, membershipConformance } from './membership-conformance.js';
export { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.js';
export { faultKinds } from './simulation/faults.js';
export { type Held, nothingHeld } from './simulation/held.js';
export { type Simulation, type SimulationOptions, type SimulationResult, simulate } from './simulation/simulate.js';
export type { SimulatedSite } from './simulation/simulated-node.js';
export { TestApplication, type TestApplicationOptions } from './test-application.js';
export type { TestClient } from './test-client.js';
export { type TransportUnderTest, transportConformance } from './transport-conformance.js';
export { VirtualPlatform, type VirtualPlatformOptions } from './virtual-platform.js';
