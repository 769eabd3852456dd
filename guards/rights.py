"""stub"""
def judge_rights_deletion(*a): pass
