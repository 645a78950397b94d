// What a user sees on one of the pages, and what the page said to the gateway.
import { until } from "./processes.mjs";

export class Page {
  /** `texts`: questions sent as text. `frames`: messages of the socket in both directions. `broken`: errors and warnings of scripts. */
  constructor(page) {
    this.page = page;
    this.texts = [];
    this.frames = [];
    this.broken = [];
    page.on("pageerror", ({ message }) => this.broken.push(message));
    page.on("console", (message) => this.#told(message.type(), message.text()));
    page.on("request", (request) => this.#asked(request.postData()));
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => {
        this.frames.push(JSON.parse(payload));
        this.#asked(JSON.stringify(this.frames.at(-1).payload ?? {}));
      });
      socket.on("framereceived", ({ payload }) => this.frames.push(JSON.parse(payload)));
    });
  }

  /** Statuses that are not 200 are told by the browser; whether they are right is not asked here. */
  #told(type, text) {
    if (["warning", "error"].includes(type) && !text.startsWith("Failed to load resource")) this.broken.push(text);
  }

  #asked(body) {
    const { query } = body?.startsWith("{") ? JSON.parse(body) : {};
    if (query) this.texts.push(query);
  }

  rows(panel) {
    return this.page.locator(`#${panel} li`);
  }

  async count(panel, least, seconds) {
    await until(`${least} rows of ${panel}`, async () => (await this.rows(panel).count()) >= least, seconds);
  }

  /** Presses "More ..." once; false where there is none. */
  async more(panel) {
    const button = this.page.locator(`#${panel} button`, { hasText: "More" });
    if ((await button.count()) === 0) return false;
    const before = await this.rows(panel).count();
    await button.click();
    const grown = async () => (await this.rows(panel).count()) > before;
    await until(`More ${panel}`, async () => (await grown()) || (await button.count()) === 0);
    return grown();
  }

  texts_of(panel) {
    return this.rows(panel).allInnerTexts();
  }

  sessions() {
    return this.rows("sessions").evaluateAll((rows) => rows.map(({ dataset: { id, type } }) => ({ id, type })));
  }

  notices() {
    return this.page.locator("#notices li").allInnerTexts();
  }

  async noticed(text) {
    try {
      await until(`The notice "${text}"`, async () => (await this.notices()).includes(text));
    } catch (late) {
      throw new Error(`${late.message}; there are ${JSON.stringify([await this.notices(), this.broken])}`);
    }
  }

  async live(seconds) {
    const number = this.page.locator("#sites output[data-live=true]").first();
    await number.waitFor({ timeout: seconds * 1000 });
    return number.innerText();
  }

  received(type) {
    return this.frames.some((frame) => frame.type === type);
  }

  async useKey(key) {
    await this.page.fill("input[name=key]", key);
    await Promise.all([this.page.waitForNavigation(), this.page.click("text=Use this key")]);
  }
}
