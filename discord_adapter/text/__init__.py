"""How a text of the model becomes Discord messages: tables, code, cuts."""
