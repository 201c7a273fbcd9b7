/** The part of the WebAssembly interface that is used here; Node's types name the module alone. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

export type Imports = Readonly<Record<string, (...args: never) => number>>;

interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<WebAssembly.Module>;
  readonly Instance: new (
    module: WebAssembly.Module,
    imports: Readonly<Record<string, Imports>>,
  ) => { readonly exports: object };
}

const api = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly;

export function compileModule(bytes: Uint8Array): Promise<WebAssembly.Module> {
  return api.compile(bytes);
}

export function instantiate(module: WebAssembly.Module, imports: Readonly<Record<string, Imports>>): object {
  return new api.Instance(module, imports).exports;
}
