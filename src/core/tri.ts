/** A fact that is known, or unknown with the reason why. */
export type Tri<T> = { readonly known: T } | { readonly unknown: string };

export function known<T>(value: T): { readonly known: T } {
  return { known: value };
}

export function unknown(why: string): { readonly unknown: string } {
  return { unknown: why };
}

export function isKnown<T>(fact: Tri<T>): fact is { readonly known: T } {
  return 'known' in fact;
}
