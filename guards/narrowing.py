"""stub"""
def judge_update(*a): pass
def judge_policy_deletion(*a): pass
