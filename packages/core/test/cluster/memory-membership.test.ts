import { MemoryMembership } from '../../src/cluster/memory-membership.js';
import { membershipConformance } from '../../src/testing/membership-conformance.js';

membershipConformance('MemoryMembership', async () => ({ membership: new MemoryMembership() }));
