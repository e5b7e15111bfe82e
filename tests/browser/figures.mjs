// How soon the list shows, and how much goes over the wire for it. For run.py to run when nothing else does.
import { apiToken, check, direct, equal, logIn, openPage, push, readme, run } from "./lib.mjs";

const kRows = 50;
const kTries = 5;

await run(async (browser) => {
  const token = await apiToken();
  for (let i = 0; i < kRows; ++i) await push(token, `row-${i}`, `Row ${i} of a list that is long enough to be turned`);
  await push(token, "readme", "MCDSL in C++", readme());
  const { context, page } = await openPage(browser);
  await logIn(page);

  /** With an empty cache. A page has all it needs when it is loaded: nothing comes later. */
  async function weigh(path) {
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    let bytes = 0;
    session.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
    await page.goto(direct + path);
    const paint = await page.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((entries) => {
        for (const { name, startTime } of entries.getEntries()) if (name === "first-contentful-paint") resolve(startTime);
      }).observe({ type: "paint", buffered: true });
    }));
    await session.detach();
    return { bytes, paint };
  }

  await check("the list is painted at once, and is light", async () => {
    await weigh("/");
    const tries = [];
    for (let i = 0; i < kTries; ++i) tries.push(await weigh("/"));
    const paints = tries.map(({ paint }) => paint).sort((a, b) => a - b);
    const document = await weigh("/documents/readme");
    console.log(`figure first paint of the list: ${paints[kTries >> 1].toFixed(0)} ms (median of ${kTries}, empty cache)`);
    console.log(`figure weight of the list: ${(tries.at(-1).bytes / 1024).toFixed(1)} KiB in all; of the README as a document: ${(document.bytes / 1024).toFixed(1)} KiB`);
    const shift = await page.evaluate(() => new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((entries) => { for (const entry of entries.getEntries()) sum += entry.value; }).observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(sum), 100);
    }));
    equal(shift, 0, "how far the layout shifts");
  });
});
