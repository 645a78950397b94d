// GraphiQL in chromium for scripts/audit-graphiql.js: how it is opened, what is clicked, what is read off it.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const { CHROMIUM, ADDRESS, PROFILE, SIMULATORS } = process.env;
const GRAPHQL = `${ADDRESS}/graphql`;
export const simulators = SIMULATORS.trim().split(' ');

export const browser = await chromium.launchPersistentContext(PROFILE, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1500, height: 900 },
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
export const page = await browser.newPage();
page.setDefaultTimeout(20000);
export const foreign = [];
export const broken = [];
export const asked = [];
export const sockets = [];
const here = (url) => [ADDRESS, ADDRESS.replace('http', 'ws')].some((own) => url.startsWith(`${own}/`)) || /^(data|blob):/.test(url);

browser.on('request', (request) => {
  if (!here(request.url())) foreign.push(request.url());
  if (request.url() === GRAPHQL && request.method() === 'POST') asked.push(request);
});
page.on('pageerror', (error) => broken.push(error.message));
page.on('console', (message) => { if (message.type() === 'error') broken.push(message.text()); });
page.on('websocket', (socket) => {
  if (!here(socket.url())) foreign.push(socket.url());
  const frames = { url: socket.url(), sent: [], received: [] };
  sockets.push(frames);
  socket.on('framesent', ({ payload }) => frames.sent.push(payload));
  socket.on('framereceived', ({ payload }) => frames.received.push(payload));
});

export const open = async () => {
  await page.goto(GRAPHQL, { waitUntil: 'networkidle' });
  await page.waitForSelector('.graphiql-execute-button');
};

/** Opens a plugin by the keyboard alone, where it is not open. */
export const plugin = async (title) => {
  const button = page.getByRole('button', { name: `Show ${title}` });
  if (await button.count()) {
    await button.focus();
    await page.keyboard.press('Enter');
  }
  await page.locator('.gw-title', { hasText: title }).waitFor();
};

const isQuestion = (response) => response.url() === GRAPHQL && !(response.request().postData() ?? '').includes('IntrospectionQuery');

/** Runs what is in front. Returns the answer, or null where it is none in JSON. */
export const run = async () => {
  const answered = page.waitForResponse(isQuestion);
  await page.click('.graphiql-execute-button');
  const response = await answered;
  return response.json().catch(() => null);
};

/** Opens a question of the cookbook. */
export const recipe = async (topic, title) => {
  await plugin('Cookbook');
  const entry = page.locator(`section[aria-label="${topic}"] .gw-recipe`, { has: page.locator('.gw-name', { hasText: title }) }).first();
  await entry.focus();
  await page.keyboard.press('Enter');
};

export const editor = (label) => page.locator(`section[aria-label="${label}"] .CodeMirror:visible`).first();
export const textOf = (label) => editor(label).evaluate((element) => element.CodeMirror.getValue());
export const write = (label, text) => editor(label).evaluate((element, value) => element.CodeMirror.setValue(value), text);
export const line = () => page.locator('.gw-summary').innerText();
export const panel = () => page.locator('.gw-panel').innerText();
export const until = async (what, look) => {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await look()) return;
    await page.waitForTimeout(100);
  }
  assert.fail(`never came: ${what}; the page says: ${await line()} / ${await panel()}`);
};

/** Rows of a table of the panel, as texts. */
export const table = (label) =>
  page.locator(`[role="region"][aria-label="${label}"]`).evaluate((element) =>
    [...element.querySelectorAll('tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim())));

export const kept = () => page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie + location.href + JSON.stringify({ ...sessionStorage }));

const every = (path, init) => Promise.all(simulators.map((address) => fetch(address + path, init)));
export const forgetCalls = () => every('/_calls', { method: 'DELETE' });
export const fault = (address, body) => fetch(`${address}/_faults`, { method: 'POST', body: JSON.stringify(body) });
export const faultsOff = () => every('/_faults', { method: 'DELETE' });

/** Calls all simulators counted. */
export const counted = async () => {
  const told = await Promise.all((await every('/_calls')).map((response) => response.json()));
  return told.flatMap((each) => Object.values(each)).reduce((sum, each) => sum + each.calls, 0);
};

/** The least contrast of the panel's texts with what is behind them (WCAG 2). */
export const contrast = () =>
  page.evaluate(() => {
    const parts = (color) => color.match(/[\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b].map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
      .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
    const over = ([r, g, b, a = 1], behind) => [r, g, b].map((each, index) => each * a + behind[index] * (1 - a));
    const ground = parts(getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor).slice(0, 3);
    const texts = [...document.querySelectorAll('.gw-panel *, .gw-summary')].filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
    return Math.min(...texts.map((each) => {
      const [one, other] = [luminance(over(parts(getComputedStyle(each).color), ground)), luminance(ground)];
      return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    }));
  });
