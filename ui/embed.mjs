// Run by CMake: writes the built page as bytes of C++, each file as it is and compressed.
//   node embed.mjs FOLDER OUTPUT.cpp
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [folder, output] = process.argv.slice(2);
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function bytes(name, data) {
  const lines = [];
  for (let at = 0; at < data.length; at += 32) lines.push([...data.subarray(at, at + 32)].join(','));
  return `const unsigned char ${name}[] = {${lines.join(',\n')}};\n`;
}

const names = readdirSync(folder, { recursive: true }).filter((name) => extname(name) in types).sort();
let arrays = '';
let rows = '';
names.forEach((name, index) => {
  const data = readFileSync(join(folder, name));
  const path = name === 'index.html' ? '/' : `/${name}`;
  const tag = createHash('sha256').update(data).digest('hex').slice(0, 16);
  arrays += bytes(`kPlain${index}`, data) + bytes(`kGzip${index}`, gzipSync(data, { level: 9 }));
  rows += `    {"${path}", "${types[extname(name)]}", "${tag}", Text(kPlain${index}), Text(kGzip${index})},\n`;
});

writeFileSync(output, `// Made by ui/embed.mjs of the built page.
#include "store/page_files.h"

namespace pennon::store {
namespace {

${arrays}
template <std::size_t kSize>
std::string_view Text(const unsigned char (&bytes)[kSize]) {
  return {reinterpret_cast<const char*>(bytes), kSize};
}

}  // namespace

std::span<const PageFile> PageFiles() {
  static const PageFile kFiles[] = {
${rows}  };
  return kFiles;
}

}  // namespace pennon::store
`);
