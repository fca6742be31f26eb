// The interpreter's lock, released while the core works, and taken back only while there is an interpreter.
#pragma once
#include <Python.h>

namespace pixelprep {

// Releases the lock for as long as it lives. A daemon thread that comes back while the interpreter ends sleeps for good:
// taking the lock would end the thread through code that cannot be unwound, and so the process.
class Released {
public:
    Released() : state_(PyEval_SaveThread()) {}
    ~Released();
    Released(const Released&) = delete;
    Released& operator=(const Released&) = delete;

private:
    PyThreadState* state_;
};

// To be called by `atexit`, with the lock held: threads that come back from now on sleep; those on their way get in.
void interpreter_ends();

}  // namespace pixelprep
