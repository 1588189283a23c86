#pragma once
// The Python that runs a document's script: reads {script, handler, events, context} as JSON from its stdin, calls the
// function, and writes one JSON object to descriptor 3: {"payload": ...}, or {"error": ..., "trace": [lines]} where the
// script is to blame. For execute_script.cc.

namespace slipway::workflow {

inline constexpr char kScriptProgram[] = R"python(
import json, linecache, os, sys, traceback, types

def answer(value):
    data = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    while data:
        data = data[os.write(3, data):]

def own(trace):
    return [frame for frame in traceback.extract_tb(trace) if frame.filename != '<string>']

def blame(error):
    lines = traceback.format_list(own(error.__traceback__)) + traceback.format_exception_only(type(error), error)
    lines = [line for text in lines for line in text.splitlines() if line.strip()]
    answer({'error': lines[-1][:1000], 'trace': [line[:500] for line in lines[-20:]]})

def run(request):
    script = request['script']
    linecache.cache['script'] = (len(script), None, script.splitlines(True), 'script')
    module = types.ModuleType('script')
    sys.modules['script'] = module
    exec(compile(script, 'script', 'exec'), module.__dict__)
    function = getattr(module, request['handler'], None)
    if not callable(function):
        raise NameError("the script has no function '%s'" % request['handler'])
    answer({'payload': function(request['events'], request['context'])})

try:
    run(json.load(sys.stdin))
except SystemExit as error:
    answer({'error': 'the script ended itself with exit code %r' % (error.code,), 'trace': []})
except BaseException as error:
    blame(error)
)python";

}  // namespace slipway::workflow
