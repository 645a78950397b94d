import { keepKey } from "./gateway";

/** Answers kept for one caller are not another's: the page starts anew with the new key. */
function submit(form: FormData): void {
  keepKey(String(form.get("key")));
  location.reload();
}

export function KeyForm() {
  return (
    <form action={submit}>
      <input name="key" type="password" placeholder="API key" autoComplete="off" />
      <button>Use this key</button>
    </form>
  );
}
