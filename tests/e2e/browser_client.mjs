// The checks with Connect's client in Chromium. The page has mcq's own origin, since mcq lets no other read its answers:
// playwright puts the two files of the page in, and every call goes to mcq.
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { told } from "./checks.mjs";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const setting = JSON.parse(readFileSync(0, "utf8"));
const url = `https://${setting.address}`;
const modules = join(here, "node_modules");

/** page.js with the code that protoc-gen-es makes of the proto files, as one script. */
async function bundle() {
  const folder = mkdtempSync(join(tmpdir(), "mcdsl-e2e-page-"));
  try {
    const files = ["mcq/v1/mcq.proto", "grpc/health/v1/health.proto", "google/api/annotations.proto", "google/api/http.proto",
      "mcdsl/v1/access.proto"];
    execFileSync("protoc", [...setting.protos.map((root) => `-I${root}`), `--plugin=${join(modules, ".bin/protoc-gen-es")}`,
      `--es_out=${folder}`, "--es_opt=target=js", ...files]);
    const made = await build({ entryPoints: [join(here, "page.js")], bundle: true, write: false, nodePaths: [modules, folder],
      logLevel: "silent" });
    return made.outputFiles[0].text;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The hash of our certificate's public key: Chromium takes this one key from an authority that it does not know. */
function keyHash() {
  const { publicKey } = new X509Certificate(readFileSync(setting.leaf));
  return createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
}

const script = await bundle();
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [`--ignore-certificate-errors-spki-list=${keyHash()}`],
});
try {
  const page = await browser.newPage();
  const put = (path, contentType, body) => page.route(url + path, (route) => route.fulfill({ contentType, body }));
  await put("/page/", "text/html; charset=utf-8", '<!doctype html><script src="script.js"></script>');
  await put("/page/script.js", "text/javascript; charset=utf-8", script);
  await page.goto(`${url}/page/`);
  for (const line of await page.evaluate((all) => window.run(all), { ...setting, url })) console.log(told(line));
} finally {
  await browser.close();
}
