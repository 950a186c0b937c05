// Flags in Node: the stock OFREP providers against pennond, over HTTP or its Unix socket.
//
//   OFREP_URL=http://127.0.0.1:8016 node evaluate.mjs          the server's provider: one request a flag
//   OFREP_SOCKET=/run/pennon/pennon.sock node evaluate.mjs
//   OFREP_URL=http://127.0.0.1:8016 node evaluate.mjs web      the web provider: all flags at once
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature } from "@openfeature/server-sdk";
import { OpenFeature as WebOpenFeature } from "@openfeature/web-sdk";
import { Agent, fetch } from "undici";

const user = { targetingKey: "user-7", country: "NO", age: 41 };

function overSocket(socketPath) {
  const dispatcher = new Agent({ connect: { socketPath } });
  return async (input) =>
    fetch(input.url ?? input, {
      method: input.method,
      headers: Object.fromEntries(input.headers ?? []),
      body: input.body ? await input.text() : undefined,
      dispatcher,
    });
}

const socket = process.env.OFREP_SOCKET;
const options = socket
  ? { baseUrl: "http://localhost", fetchImplementation: overSocket(socket) }
  : { baseUrl: process.env.OFREP_URL ?? "http://127.0.0.1:8016" };

let client;
if (process.argv[2] === "web") {
  await WebOpenFeature.setContext(user);
  await WebOpenFeature.setProviderAndWait(new OFREPWebProvider({ ...options, pollInterval: 0 }));
  client = WebOpenFeature.getClient();
} else {
  await OpenFeature.setProviderAndWait(new OFREPProvider(options));
  client = OpenFeature.getClient(user);
}

const details = [
  await client.getBooleanDetails("new-checkout", false),
  await client.getStringDetails("banner", "none"),
  await client.getNumberDetails("page-size", 10),
  await client.getNumberDetails("sample-rate", 0.5),
  await client.getObjectDetails("layout", {}),
  await client.getBooleanDetails("not-there", true),
  await client.getStringDetails("new-checkout", "of another type"),
];
for (const { flagKey, value, variant, errorCode } of details) {
  console.log(JSON.stringify({ flag: flagKey, value, variant: variant ?? "", error: errorCode ?? "" }));
}
await OpenFeature.close();
await WebOpenFeature.close();
process.exit(0);
