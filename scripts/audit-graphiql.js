// Run by scripts/audit-graphiql. Fails on a request to another host, an error in the page, or an answer without data.
import { chromium } from 'playwright-core';

const { CHROMIUM, ADDRESS, PICTURE, PROFILE } = process.env;
const fail = (why) => { console.error(`GraphiQL: ${why}`); process.exit(1); };

const browser = await chromium.launchPersistentContext(PROFILE, {
  executablePath: CHROMIUM,
  headless: true,
  viewport: { width: 1400, height: 860 },
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
});
const page = await browser.newPage();
const foreign = [];
const broken = [];
page.on('request', (request) => {
  const url = request.url();
  if (!url.startsWith(ADDRESS + '/') && !url.startsWith('data:') && !url.startsWith('blob:')) foreign.push(url);
});
page.on('pageerror', (error) => broken.push(error.message));
page.on('console', (message) => { if (message.type() === 'error') broken.push(message.text()); });

await page.goto(`${ADDRESS}/graphql`, { waitUntil: 'networkidle' });
await page.waitForSelector('.graphiql-execute-button', { timeout: 15000 });
const tabs = await page.locator('.graphiql-tab').count();
const answered = page.waitForResponse((r) => r.url() === `${ADDRESS}/graphql` && (r.request().postData() || '').includes('$window'));
await page.click('.graphiql-execute-button');
const answer = await (await answered).json();
await page.waitForFunction(() => document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue().includes('"data"'), null, { timeout: 15000 });
await page.waitForTimeout(500);
await page.screenshot({ path: PICTURE });
await browser.close();

if (foreign.length) fail(`asked other hosts: ${foreign.join(', ')}`);
if (broken.length) fail(`errors in the page: ${broken.join('; ')}`);
if (tabs < 3) fail(`${tabs} tabs instead of three examples`);
if (!answer.data || answer.errors) fail(`the first example answered ${JSON.stringify(answer).slice(0, 300)}`);
console.log(`GraphiQL: ${tabs} tabs, the first example answered with data, no other host asked; ${PICTURE}`);
