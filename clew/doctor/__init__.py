"""`clew doctor`: looks at everything clew needs and says what is wrong and how to mend it; a file for each subject.

It changes nothing: no command is registered, nothing is sent, and no database is made where there is none.
"""
