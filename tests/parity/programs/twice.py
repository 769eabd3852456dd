from parity_sdk import Thing, options

a = Thing("a", value="1")
Thing("a", value="2", opts=options(depends_on=[a]))
