declare module '@stateful-functions/nats-transport' {
  export const NatsCluster: { connect(options: object): Promise<import('./cluster.js').ClusterConnection> };
}
declare module '@stateful-functions/s3-checkpoint' {
  export const S3BlobStore: { fromUrl(url: string): import('@stateful-functions/core').BlobStore };
}
