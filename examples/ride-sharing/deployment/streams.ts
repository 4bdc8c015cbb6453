/** The streams of JetStream between the city and the application. */
export const streams = {
  requests: { name: 'REQUESTS', subject: 'requests' },
  /** A subject for each partition. */
  reports: { name: 'REPORTS', subject: 'reports.*' },
  notices: { name: 'NOTICES', subject: 'notices' },
  pickups: { name: 'PICKUPS', subject: 'pickups' },
  deadLetters: { name: 'DEAD_LETTERS', subject: 'dead-letters' },
} as const;

export const partitions = ['0', '1', '2'] as const;

export function reportSubject(partition: string): string {
  return `reports.${partition}`;
}

/** The reports of one driver are all in one partition, so that they stay in order. */
export function partitionOf(driverId: string): string {
  let sum = 0;
  for (const letter of driverId) sum += letter.charCodeAt(0);
  return partitions[sum % partitions.length] as string;
}
