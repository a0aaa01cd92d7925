// What Node's parser (llhttp) makes of inputs: the lines of tests/http/verdicts.cpp.
const {HTTPParser} = require('_http_common');
const readline = require('readline');

function verdict(bytes) {
    const requests = [];
    let current = null, body = 0;
    const parser = new HTTPParser();
    parser.initialize(HTTPParser.REQUEST, {});
    parser[HTTPParser.kOnHeaders | 0] = () => {};
    parser[HTTPParser.kOnHeadersComplete | 0] = (major, minor, headers, method, url) => {
        current = {method, url};
        body = 0;
        return 0;
    };
    parser[HTTPParser.kOnBody | 0] = chunk => { body += chunk.length; };
    parser[HTTPParser.kOnMessageComplete | 0] = () => {
        const {methods} = require("_http_common");
        const name = typeof current.method === 'number' ? methods[current.method] : current.method;
        requests.push(`${name} ${current.url} ${body}`);
        current = null;
    };
    const done = parser.execute(bytes);
    const how = done instanceof Error ? done.code || 'error' : current === null && parser.finish() === undefined ? 'end' : 'more';
    return requests.join('\t') + ';' + how;
}

readline.createInterface({input: process.stdin}).on('line', line => console.log(verdict(Buffer.from(line, 'hex'))));
