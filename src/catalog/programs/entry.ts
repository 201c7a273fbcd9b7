/** What calls of a language and its libraries do. Names are full: module, class and function, joined by `.`. */

/** Which argument: by its place, by its name where the language has names, what the method is called on, each of them. */
export type Place = number | 'self' | 'each' | 'last';

export type Does =
  | { readonly kind: 'deletes'; readonly path: Place }
  /** Takes an empty folder away, or with the option of that name all that is in it. */
  | { readonly kind: 'deletes-empty'; readonly path: Place; readonly unless?: string }
  | { readonly kind: 'empties'; readonly path: Place }
  /** What was there under the name is gone. */
  | { readonly kind: 'overwrites'; readonly path: Place }
  | { readonly kind: 'appends'; readonly path: Place }
  /** The argument `mode` says how: `w`, `a`, `r+`. */
  | { readonly kind: 'opens'; readonly path: Place; readonly mode: number }
  | { readonly kind: 'reads'; readonly path: Place }
  /** A shell is given the text. */
  | { readonly kind: 'shell'; readonly text: Place }
  /** A program and its arguments: a list, or a text for a shell; further lists or texts are arguments too. */
  | { readonly kind: 'starts'; readonly from: number; readonly named?: boolean; readonly reads?: 'words' | 'shell' }
  /** Text of the same language; `ifText`: most often it is no text at all. */
  | { readonly kind: 'evaluates'; readonly text: Place; readonly ifText?: boolean }
  /** A file of the same language. */
  | { readonly kind: 'loads'; readonly file: Place }
  | { readonly kind: 'requests'; readonly method: string | number; readonly url: Place }
  | { readonly kind: 'sql'; readonly text: Place }
  /** A command of a tool with rules of its own: `Artisan::call('migrate:fresh')`. */
  | { readonly kind: 'tool'; readonly tool: string }
  | { readonly kind: 'changes-folder'; readonly path: Place }
  | { readonly kind: 'opaque'; readonly why: string };

/** What calls give back, where it says what a later call acts on. */
export type Gives =
  | 'first'
  | 'joined'
  | 'joined-paths'
  | 'resolved-paths'
  | 'home'
  | 'temporary-folder'
  | 'new-file'
  | 'this-folder'
  | 'script-folder'
  | 'folder-of'
  | 'pattern'
  | 'names-in'
  | 'walk'
  | 'module'
  | 'member'
  | 'method'
  | 'constant'
  | 'all-names'
  | 'file'
  | 'content'
  | 'json'
  | 'bound'
  | 'characters'
  | 'imploded'
  | 'formatted';

export interface Entry {
  readonly names: string;
  readonly does: Does;
  readonly documented: string;
}

export interface ProgramCatalogue {
  readonly calls: readonly Entry[];
  /** Methods of objects that are not known, by their own name. */
  readonly methods: readonly Entry[];
  readonly gives: Readonly<Partial<Record<Gives, string>>>;
}
