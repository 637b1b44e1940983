//! Rule and model files to checked rules; catalogue and explain text.
