// What an answer tells beside its data, by operation. Clients drop `extensions`; a page must not.

export interface Notice {
  field: string;
  code: string;
  vendor?: string;
}

interface Told {
  path?: readonly (string | number)[];
  vendor?: string;
  code?: string;
  extensions?: Record<string, unknown>;
}

/** For an answer that never came, or was none of the gateway's. */
export const UNREACHABLE = { errors: [{ extensions: { code: "UNREACHABLE" } }] };

const told = new Map<string, Notice[]>();
const listeners = new Set<() => void>();
let all: readonly Notice[] = [];

/** `errors`: fields that are null. `extensions.failures`: vendors missing from a field that holds the others' part. */
export function report(operation: string, answer: { errors?: unknown; extensions?: unknown }): void {
  const errors = (answer.errors ?? []) as Told[];
  const { failures = [] } = (answer.extensions ?? {}) as { failures?: Told[] };
  told.set(operation, [
    ...errors.map((error) => notice(error.path, error.extensions ?? {})),
    ...failures.map((failure) => notice(failure.path, failure)),
  ]);
  all = [...told.values()].flat();
  listeners.forEach((listener) => listener());
}

/** One error stands for every row of a field, so the numbers in its path are left out. */
function notice(path: Told["path"], { code, vendor }: Pick<Told, "code" | "vendor">): Notice {
  const field = (path ?? []).filter((step) => typeof step === "string").join(".");
  return { field: field || "request", code: code ?? "UNKNOWN", vendor };
}

export const noticesStore = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: (): readonly Notice[] => all,
};
