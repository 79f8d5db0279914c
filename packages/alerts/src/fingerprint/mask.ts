/** Names with a digit that are no number of anything. */
const NAMES: ReadonlySet<string> = new Set(
  `2fa amd64 arm64 b2b base32 base64 e2e ec2 es6 float32 float64 h2 h264 h3 http/1.0 http/1.1 http/2
  http/2.0 http/3 http2 i18n int16 int32 int64 int8 ipv4 ipv6 k8s l10n latin1 log4j md5 mp3 mp4 neo4j
  oauth1 oauth2 p50 p90 p95 p99 s3 sha-1 sha-256 sha1 sha256 sha384 sha512 tls1.2 tls1.3 tlsv1.2
  tlsv1.3 uint16 uint32 uint64 uint8 utf-16 utf-8 utf16 utf8 web3 win32 x.509 x509 x64 x86 x86_64`
    .trim()
    .split(/\s+/),
);

/** Last parts of names of hosts; and of files. */
const HOST_END =
  /\.(?:app|arpa|be|ch|cloud|co|com|corp|de|dev|edu|example|eu|fr|gov|home|host|info|int|internal|invalid|it|jp|lan|local|localdomain|localhost|net|nl|org|svc|test|uk|us|xyz)$/i;
const FILE_END =
  /\.(?:bin|bz2|c|cc|cfg|conf|cpp|crt|cs|css|csv|dat|db|dll|exe|gif|go|gz|h|hpp|html?|ini|jar|java|jpe?g|js|json|jsx|key|kt|lock|log|md|mjs|cjs|pdf|pem|php|pid|png|properties|py|rb|rs|sh|so|sock|sql|svg|swift|tar|tgz|tmp|toml|tsx?|txt|xml|ya?ml|zip)$/i;

const HAS_DIGIT = /\d/;
const HEX_OR_HERE = /^(?:[a-f]{8,}|localhost)$/i;

/** Whether a word is, by itself, data and not text: anything with a digit, a path, a host, an address. */
export function isData(word: string): boolean {
  if (HAS_DIGIT.test(word)) return !isNameWithDigit(word);
  const slash = word.indexOf('/');
  if (slash >= 0) return isPath(word, slash);
  if (word.includes('\\')) return /^[a-z]:\\|^\\\\|\\[^\\]*\\/i.test(word);
  if (word.indexOf('@') > 0) return true;
  if (word.includes('.')) return HOST_END.test(word) || FILE_END.test(word);
  return HEX_OR_HERE.test(word);
}

/** `5xx`, `HTTP404` and `E500` too. */
function isNameWithDigit(word: string): boolean {
  return NAMES.has(word.toLowerCase()) || /^(?:[1-5]xx|(?:HTTP|E)[1-5]\d\d)$/i.test(word);
}

/** Not `application/json`, `and/or`. */
function isPath(word: string, slash: number): boolean {
  if (slash === 0) return word.length > 1;
  return word.indexOf('/', slash + 1) > 0 || /^[.~]/.test(word) || FILE_END.test(word);
}
