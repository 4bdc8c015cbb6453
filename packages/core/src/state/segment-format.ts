/**
 * The layout of a segment, version 1. Integers are big-endian.
 *
 * ```
 * block…   entries | offset u32 of every 16th entry | their count u32
 * footer   entries f64 | blocks u32 | bloom filter length u32
 *          | per block: length u32, crc u32, length u32 of its first key, that key | bloom filter
 * trailer  footer length u32 | footer crc u32 | magic, 8 bytes
 *
 * entry    shared varint | unshared varint | meta varint | expiry f64? | unshared bytes of the key | value
 * ```
 *
 * `shared` is how much of the previous entry's key an entry's key begins with; 0 for every 16th entry of a block, so that a
 * search can begin there. `meta` is 0 for a tombstone, else 1 + 2 × the value's length, + 1 if there is an expiry.
 *
 * **Details**
 * Checksums form a chain: a manifest holds the footer's, the footer holds the blocks'. So a reader notices not only bytes that
 * changed, but also whole and well-formed ones that belong to another segment.
 */
export const magic = new Uint8Array([0x53, 0x46, 0x53, 0x45, 0x47, 0x00, 0x00, 0x01]);
export const trailerLength = 16;
export const footerHeadLength = 16;
export const entriesPerRestart = 16;
/** A block ends with the entry that makes it this long. */
export const blockLength = 16 * 1024;
