/* Which interface the modules of this folder have, told to Python: see `INTERFACE` in __init__.py. */
#ifndef OPINION_STREAM_INTERFACE_H
#define OPINION_STREAM_INTERFACE_H

#define INTERFACE 2
#define ADD_INTERFACE(module) PyModule_AddIntConstant(module, "INTERFACE", INTERFACE)

#endif
