// Packs what browsers load, once and with more patience than there is while one waits: the back end sends `FILE.br` in place of FILE (see its packed.ts).
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');

/** Of 11: the last two take twenty times as long for a twentieth of the bytes. */
const PATIENCE = 9;
/** Below that, a file is one packet in either form. */
const SMALL = 1024;
const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_MODE, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_MODE_TEXT } = zlib.constants;

function pack(folder) {
  const names = fs.readdirSync(folder, { recursive: true }).filter(name => /\.(js|css|svg)$/.test(name));
  for (const file of names.map(name => path.join(folder, name))) {
    const text = fs.readFileSync(file);
    if (text.length < SMALL) continue;
    const params = { [BROTLI_PARAM_QUALITY]: PATIENCE, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT, [BROTLI_PARAM_SIZE_HINT]: text.length };
    const packed = zlib.brotliCompressSync(text, { params });
    if (packed.length < text.length) fs.writeFileSync(`${file}.br`, packed);
  }
}

module.exports = { pack };
