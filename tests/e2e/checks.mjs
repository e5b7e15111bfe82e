// The checks of a client: each prints one line, which run.py counts.
export const told = (text) => String(text).replaceAll("\n", " ");

/** What fails within is told and does not keep the checks after it from running. */
export async function check(fact, body) {
  try {
    await body();
    console.log(`ok ${fact}`);
  } catch (error) {
    console.log(told(`FAILED ${fact}: ${error?.stack ?? error}`));
  }
}
