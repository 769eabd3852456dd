"""Knowledge: facts about AWS, each with the page it comes from; no Pulumi, no calls."""
