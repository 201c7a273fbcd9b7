/** The head of one object in a pack. Source: gitformat-pack(5). */
export interface EntryHeader {
  readonly type: number;
  readonly size: number;
  readonly length: number;
  /** Distance back to the base, or its name. */
  readonly base?: number | string;
}

export function entryHeader(head: Buffer, hashBytes: number): EntryHeader | undefined {
  let i = 0;
  let byte = head[i] ?? 0;
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  let scale = 16;
  while ((byte & 0x80) !== 0) {
    i += 1;
    byte = head[i] ?? 0;
    size += (byte & 0x7f) * scale;
    scale *= 128;
    if (i > 9) return undefined;
  }
  i += 1;
  if (type === 7) {
    if (i + hashBytes > head.length) return undefined;
    return { type, size, length: i + hashBytes, base: head.toString('hex', i, i + hashBytes) };
  }
  if (type !== 6) return { type, size, length: i };
  byte = head[i] ?? 0;
  let distance = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    i += 1;
    byte = head[i] ?? 0;
    distance = (distance + 1) * 128 + (byte & 0x7f);
    if (i > 20) return undefined;
  }
  return { type, size, length: i + 1, base: distance };
}

/** The object that `delta` makes of `base`; `undefined` for a damaged delta or a result above `maxBytes`. */
export function applyDelta(base: Buffer, delta: Buffer, maxBytes: number): Buffer | undefined {
  let i = 0;
  const sized = (): number => {
    let value = 0;
    let scale = 1;
    let byte: number;
    do {
      byte = delta[i] ?? 0;
      i += 1;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while ((byte & 0x80) !== 0 && i < delta.length);
    return value;
  };
  if (sized() !== base.length) return undefined;
  const size = sized();
  if (size > maxBytes) return undefined;
  const result = Buffer.alloc(size);
  let at = 0;
  while (i < delta.length) {
    const op = delta[i] ?? 0;
    i += 1;
    if ((op & 0x80) !== 0) {
      let from = 0;
      let length = 0;
      for (let k = 0; k < 4; k += 1) {
        if ((op & (1 << k)) === 0) continue;
        from += (delta[i] ?? 0) * 2 ** (8 * k);
        i += 1;
      }
      for (let k = 0; k < 3; k += 1) {
        if ((op & (1 << (4 + k))) === 0) continue;
        length += (delta[i] ?? 0) * 2 ** (8 * k);
        i += 1;
      }
      if (length === 0) length = 0x10000;
      if (from + length > base.length || at + length > size) return undefined;
      at += base.copy(result, at, from, from + length);
    } else {
      if (op === 0 || i + op > delta.length || at + op > size) return undefined;
      at += delta.copy(result, at, i, i + op);
      i += op;
    }
  }
  return at === size ? result : undefined;
}
